#!/bin/bash
# Makes test/e2e/.state/venv with what the emulated cloud needs; does nothing when it is there already.
set -euo pipefail
cd "$(dirname "$0")"

venv=.state/venv
wanted=$(sha256sum cloud/requirements.txt | cut -d' ' -f1)
[ "$(cat "$venv/made-from" 2>/dev/null)" = "$wanted" ] && exit 0

rm -rf "$venv"
if ! python3 -m venv "$venv" 2>/dev/null; then
  # Debian's python3 comes without ensurepip.
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv
  rm -rf "$venv"
  python3 -m venv "$venv"
fi
"$venv/bin/pip" install --quiet -r cloud/requirements.txt
echo "$wanted" >"$venv/made-from"
