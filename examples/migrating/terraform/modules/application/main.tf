locals {
  connection = "${var.name}-${var.stage}"
}

resource "aws_appflow_connector_profile" "this" {
  name            = local.connection
  connector_type  = var.connector
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      dynamic "salesforce" {
        for_each = var.connector == "Salesforce" ? [1] : []
        content {
          client_credentials_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:appflow-salesforce"
        }
      }
      dynamic "zendesk" {
        for_each = var.connector == "Zendesk" ? [1] : []
        content {
          client_id     = "appflow"
          client_secret = "kept-elsewhere"
        }
      }
    }
    connector_profile_properties {
      dynamic "salesforce" {
        for_each = var.connector == "Salesforce" ? [1] : []
        content {
          instance_url = var.instance_url
        }
      }
      dynamic "zendesk" {
        for_each = var.connector == "Zendesk" ? [1] : []
        content {
          instance_url = var.instance_url
        }
      }
    }
  }
}

module "flow" {
  source   = "../flow"
  for_each = var.flows

  name       = "${var.name}-${each.key}-${var.stage}"
  connector  = var.connector
  connection = aws_appflow_connector_profile.this.name
  bucket     = var.bucket
  prefix     = "raw/${var.name}"
  catalog    = each.value.catalog ? var.catalog : null
  kms_arn    = var.kms_arn
  flow       = each.value
}

output "connection" {
  value = aws_appflow_connector_profile.this.name
}
