alter domain claims.npi set default '1000000000';
