grant usage on schema claims to claims_reader;
