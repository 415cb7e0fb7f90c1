variable "name" {
  type = string
}

resource "aws_s3_bucket" "this" {
  bucket = var.name
}

resource "aws_s3_bucket_policy" "appflow" {
  bucket = aws_s3_bucket.this.id
  policy = jsonencode({
    Version = "2008-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "appflow.amazonaws.com" }
      Action    = ["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:GetBucketAcl", "s3:PutObjectAcl"]
      Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
    }]
  })
}

resource "aws_glue_catalog_database" "this" {
  name = replace(var.name, "-", "_")
}

resource "aws_iam_role" "catalog" {
  name = "${var.name}-catalog"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "appflow.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

output "bucket" {
  # Once its policy lets AppFlow in.
  value = aws_s3_bucket_policy.appflow.bucket
}

output "catalog" {
  value = {
    database = aws_glue_catalog_database.this.name
    role     = aws_iam_role.catalog.arn
  }
}
