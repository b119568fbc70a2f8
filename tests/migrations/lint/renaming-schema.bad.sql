alter schema claims rename to billing;
