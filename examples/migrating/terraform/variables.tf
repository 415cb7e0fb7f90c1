variable "company" {
  type = string
}

variable "stage" {
  type    = string
  default = "test"
}

variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "kms_arn" {
  type    = string
  default = null
}

variable "warehouse" {
  description = "Where the accounts go besides; null: nowhere."
  type = object({
    connection = string
    table      = string
    leave_out  = optional(list(string), [])
  })
  default = null
}
