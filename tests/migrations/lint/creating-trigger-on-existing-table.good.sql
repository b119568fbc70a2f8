create table claims.note (id bigint primary key);
create trigger touch before update on claims.note for each row execute function claims.touch();
