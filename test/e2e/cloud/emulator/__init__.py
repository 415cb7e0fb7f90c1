"""An emulated AWS for end-to-end tests: moto in one process, with what it lacks and stricter where it is lenient."""
