create schema identity;
comment on schema identity is 'Which servers and tenants exist, and what was done to them.';

create function identity.touch_updated_at() returns trigger
language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;
comment on function identity.touch_updated_at() is 'Before-update trigger: keeps updated_at true.';
