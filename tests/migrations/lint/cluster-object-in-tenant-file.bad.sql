create role claims_reader;
