terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { team = "data-platform", stage = var.stage }
  }
}

module "lake" {
  source = "./modules/lake"
  name   = "${var.company}-lake-${var.stage}"
}

# One connection and its flows for each application.
module "application" {
  source   = "./modules/application"
  for_each = local.applications

  name         = each.key
  connector    = each.value.connector
  instance_url = each.value.instance_url
  stage        = var.stage
  bucket       = module.lake.bucket
  catalog      = module.lake.catalog
  kms_arn      = var.kms_arn
  flows        = each.value.flows
}

# Scores go back into Salesforce.
resource "aws_appflow_flow" "scores" {
  name        = "${local.prefix}-scores"
  description = "Lead scores, from the lake into Salesforce"

  trigger_config {
    trigger_type = "OnDemand"
  }

  source_flow_config {
    connector_type = "S3"
    source_connector_properties {
      s3 {
        bucket_name   = module.lake.bucket
        bucket_prefix = "scores"
        s3_input_format_config {
          s3_input_file_type = "CSV"
        }
      }
    }
  }

  destination_flow_config {
    connector_type         = "Salesforce"
    connector_profile_name = module.application["salesforce"].connection
    destination_connector_properties {
      salesforce {
        object               = "Lead"
        write_operation_type = "UPDATE"
        id_field_names       = ["Id"]
        error_handling_config {
          bucket_name                     = module.lake.bucket
          bucket_prefix                   = format("errors/%s", local.prefix)
          fail_on_first_destination_error = false
        }
      }
    }
  }

  task {
    task_type     = "Filter"
    source_fields = [for pair in local.score_columns : pair[0]]
    connector_operator {
      s3 = "PROJECTION"
    }
  }

  dynamic "task" {
    for_each = local.score_columns
    content {
      task_type         = "Map"
      source_fields     = [task.value[0]]
      destination_field = task.value[1]
      connector_operator {
        s3 = "NO_OP"
      }
      task_properties = {
        SOURCE_DATA_TYPE      = "string"
        DESTINATION_DATA_TYPE = task.value[1] == "Id" ? "id" : "double"
      }
    }
  }
}

# Redshift gets the accounts, where there is one.
resource "aws_appflow_flow" "warehouse" {
  count = var.warehouse == null ? 0 : 1
  name  = "${local.prefix}-warehouse-${count.index}"

  trigger_config {
    trigger_type = "OnDemand"
  }

  source_flow_config {
    connector_type         = "Salesforce"
    connector_profile_name = module.application["salesforce"].connection
    source_connector_properties {
      salesforce {
        object = "Account"
      }
    }
  }

  destination_flow_config {
    connector_type         = "Redshift"
    connector_profile_name = var.warehouse.connection
    destination_connector_properties {
      redshift {
        object                   = var.warehouse.table
        intermediate_bucket_name = module.lake.bucket
      }
    }
  }

  task {
    task_type     = "Map_all"
    source_fields = []
    task_properties = {
      EXCLUDE_SOURCE_FIELDS_LIST = jsonencode(var.warehouse.leave_out)
    }
  }
}
