do $$
begin
    execute 'drop ' || kind_of('claims.claim') || ' claims.claim';
end
$$;
