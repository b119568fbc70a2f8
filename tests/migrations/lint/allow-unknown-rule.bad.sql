-- tenantsh: allow ban-drop-tabel replaced by claims.claim_header
drop table if exists claims.claim;
