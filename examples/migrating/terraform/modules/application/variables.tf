variable "name" {
  type = string
}

variable "connector" {
  type = string
}

variable "instance_url" {
  type = string
}

variable "stage" {
  type = string
}

variable "bucket" {
  type = string
}

variable "catalog" {
  type = object({ database = string, role = string })
}

variable "kms_arn" {
  type = string
}

variable "flows" {
  description = "What is read of the application, by a short name."
  type = map(object({
    object      = string
    minutes     = optional(number, 60)
    incremental = optional(string)
    fields      = optional(map(string), {})
    mask        = optional(set(string), [])
    only        = optional(map(list(string)), {})
    file_type   = optional(string, "PARQUET")
    catalog     = optional(bool, true)
  }))
}
