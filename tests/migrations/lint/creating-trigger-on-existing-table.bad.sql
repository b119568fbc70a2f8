create trigger touch before update on claims.claim for each row execute function claims.touch();
