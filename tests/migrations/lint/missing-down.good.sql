-- case: enable=missing-down
create table claims.note (id bigint primary key);
-- down
drop table if exists claims.note;
