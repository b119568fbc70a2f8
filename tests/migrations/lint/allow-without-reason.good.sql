-- tenantsh: allow ban-drop-table replaced by claims.claim_header a year ago
drop table if exists claims.claim;
