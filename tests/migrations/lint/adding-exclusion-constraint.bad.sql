alter table claims.booking add constraint ex_booking exclude using gist (during with &&);
