create table claims.booking (
    id bigint primary key,
    during tstzrange not null,
    constraint ex_booking exclude using gist (during with &&)
);
