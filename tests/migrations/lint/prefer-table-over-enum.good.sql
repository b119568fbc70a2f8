create type claims.pair as (low int, high int);
