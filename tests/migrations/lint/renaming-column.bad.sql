alter table claims.claim rename column total to amount;
