company = "nordwind"
stage   = "prod"
kms_arn = "arn:aws:kms:eu-central-1:123456789012:key/0b3f6a52-7c3e-4f0e-9d52-3b8a1c9f7e10"

warehouse = {
  connection = "redshift-prod"
  table      = "public.accounts"
}
