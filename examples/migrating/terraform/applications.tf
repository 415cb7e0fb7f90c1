locals {
  prefix = join("-", [var.company, var.stage])

  score_columns = [["lead_id", "Id"], ["score", "Score__c"]]

  applications = {
    salesforce = {
      connector    = "Salesforce"
      instance_url = "https://${var.company}.my.salesforce.com"
      flows = {
        accounts = {
          object      = "Account"
          incremental = "LastModifiedDate"
          fields      = { Id = "id", Name = "string", AnnualRevenue = "double", Phone = "string" }
          mask        = ["Phone"]
        }
        opportunities = {
          object      = "Opportunity"
          incremental = "LastModifiedDate"
          minutes     = 15
          fields      = { Id = "id", StageName = "string", Amount = "double" }
          only        = { StageName = ["Closed Won", "Closed Lost"] }
        }
      }
    }
    zendesk = {
      connector    = "Zendesk"
      instance_url = "https://${var.company}.zendesk.com"
      flows = {
        tickets = {
          object    = "tickets"
          file_type = "JSON"
          catalog   = false
        }
      }
    }
  }
}
