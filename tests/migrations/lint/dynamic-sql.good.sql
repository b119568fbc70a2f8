do $$
begin
    if to_regclass('claims.claim') is not null then
        update claims.claim set total = 0 where total is null;
    end if;
end
$$;
