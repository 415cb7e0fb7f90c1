variable "name" {
  type = string
}

variable "connector" {
  type = string
}

variable "connection" {
  type = string
}

variable "bucket" {
  type = string
}

variable "prefix" {
  type = string
}

variable "catalog" {
  type    = object({ database = string, role = string })
  default = null
}

variable "kms_arn" {
  type = string
}

variable "flow" {
  type = object({
    object      = string
    minutes     = number
    incremental = string
    fields      = map(string)
    mask        = set(string)
    only        = map(list(string))
    file_type   = string
  })
}

locals {
  is_salesforce = lower(var.connector) == "salesforce"
  columns       = sort(keys(var.flow.fields))
}

resource "aws_appflow_flow" "this" {
  name        = var.name
  description = "${var.flow.object} every ${var.flow.minutes} minutes"
  kms_arn     = var.kms_arn

  trigger_config {
    trigger_type = "Scheduled"
    trigger_properties {
      scheduled {
        schedule_expression = format("rate(%dminutes)", var.flow.minutes)
        data_pull_mode      = var.flow.incremental == null ? "Complete" : "Incremental"
      }
    }
  }

  source_flow_config {
    connector_type         = var.connector
    connector_profile_name = var.connection

    source_connector_properties {
      dynamic "salesforce" {
        for_each = local.is_salesforce ? [var.flow.object] : []
        content {
          object                  = salesforce.value
          include_deleted_records = false
        }
      }
      dynamic "zendesk" {
        for_each = local.is_salesforce ? [] : [var.flow.object]
        iterator = source
        content {
          object = source.value
        }
      }
    }

    dynamic "incremental_pull_config" {
      for_each = compact([var.flow.incremental])
      content {
        datetime_type_field_name = incremental_pull_config.value
      }
    }
  }

  destination_flow_config {
    connector_type = "S3"
    destination_connector_properties {
      s3 {
        bucket_name   = var.bucket
        bucket_prefix = var.prefix
        s3_output_format_config {
          file_type = var.flow.file_type
          prefix_config {
            prefix_type   = "PATH"
            prefix_format = "DAY"
          }
          dynamic "aggregation_config" {
            for_each = var.flow.file_type == "PARQUET" ? ["SingleFile"] : []
            content {
              aggregation_type = aggregation_config.value
            }
          }
        }
      }
    }
  }

  # Without fields: all of them.
  dynamic "task" {
    for_each = length(local.columns) == 0 ? [true] : []
    content {
      task_type     = "Map_all"
      source_fields = []
      task_properties = {
        EXCLUDE_SOURCE_FIELDS_LIST = jsonencode([])
      }
    }
  }

  dynamic "task" {
    for_each = length(local.columns) > 0 ? [local.columns] : []
    content {
      task_type     = "Filter"
      source_fields = setunion(task.value, keys(var.flow.only))
      connector_operator {
        salesforce = local.is_salesforce ? "PROJECTION" : null
        zendesk    = local.is_salesforce ? null : "PROJECTION"
      }
    }
  }

  dynamic "task" {
    for_each = var.flow.only
    content {
      task_type     = "Filter"
      source_fields = [task.key]
      connector_operator {
        salesforce = local.is_salesforce ? "EQUAL_TO" : null
        zendesk    = local.is_salesforce ? null : "EQUAL_TO"
      }
      task_properties = {
        DATA_TYPE = try(var.flow.fields[task.key], "string")
        VALUES    = join(",", task.value)
      }
    }
  }

  dynamic "task" {
    for_each = var.flow.mask
    iterator = column
    content {
      task_type     = "Mask"
      source_fields = [column.value]
      connector_operator {
        salesforce = local.is_salesforce ? "MASK_ALL" : null
        zendesk    = local.is_salesforce ? null : "MASK_ALL"
      }
      task_properties = {
        MASK_VALUE = "*"
      }
    }
  }

  dynamic "task" {
    for_each = local.columns
    content {
      task_type         = "Map"
      source_fields     = [task.value]
      destination_field = lower(task.value)
      connector_operator {
        salesforce = local.is_salesforce ? "NO_OP" : null
        zendesk    = local.is_salesforce ? null : "NO_OP"
      }
      task_properties = {
        SOURCE_DATA_TYPE      = var.flow.fields[task.value]
        DESTINATION_DATA_TYPE = var.flow.fields[task.value]
      }
    }
  }

  dynamic "metadata_catalog_config" {
    for_each = var.catalog[*]
    content {
      glue_data_catalog {
        database_name = metadata_catalog_config.value.database
        role_arn      = metadata_catalog_config.value.role
        table_prefix  = replace(split("/", var.prefix)[1], "-", "_")
      }
    }
  }
}
