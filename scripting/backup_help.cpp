#include "scripting/backup_help.hpp"

namespace scripting {

std::string_view backup_help(std::string_view topic) {
  if (topic != "backup") return {};
  return R"(One tenant into one archive of pg_dump, with a manifest beside it that says what is in it.

  tenantsh run tenant_backup --input tenant=acme     step by step, journalled; fence=read_only stops its writes meanwhile
  tenantsh tenants backup --yes …                    many tenants, a few at once: the nightly job
  tenantsh backups list | show | verify | prune      what there is, whether it holds, what may go

What lies in backups/ENVIRONMENT/SLUG
  SLUG-20260427T150000Z.dump             custom format; or a folder without .dump: directory format, for several jobs
  SLUG-20260427T150000Z.dump.age         encrypted; a folder becomes .tar.age
  SLUG-20260427T150000Z.manifest.json    written last: an archive without it is not done
  ….partial                              being written, or left by one that was killed; never taken for a backup

When one counts as made
  Tables are counted (digests = true: and digested) in the snapshot that pg_dump reads; the tenant goes on working. Then
  the listing is read, the archive's end, its SHA-256. The nightly job also reads it back: as the archive grows,
  pg_restore unpacks it and its rows are counted against the snapshot's. The runbook does so with read_back=true: that
  takes a core of its own. Less than half or more than twice the size of the last one is remarked. Level 1 of gzip by
  default: a third of the time of pg_dump's own choice for about a tenth more bytes.

Without tenantsh
  createdb -O OWNER acme_copy; pg_restore --no-owner --role=OWNER --exit-on-error -d acme_copy ARCHIVE
  age -d -i KEY ARCHIVE.dump.age | pg_restore …      age -d -i KEY ARCHIVE.tar.age | tar x

Encryption
  recipients = { "age1…" }: public keys of age (age-keygen) or ssh, or files of them; whoever makes backups needs no
  secret key. The manifest lists the recipients, and counts but no rows. In the custom format nothing plain comes to the
  disk; pg_dump itself writes a directory, which is encrypted and deleted before the backup counts. verify and restore
  take identity = FILE.

Nightly, from cron
  5 1 * * *   tenantsh --env prod --reason nightly tenants backup --yes --jobs 4 --keep-days 30 --keep-count 3 \
                --recipient /etc/tenantsh/backup.recipients --prometheus /var/lib/node_exporter/tenantsh_backup.prom
  A tenant that fails stops no other one: exit 7 when some failed, 1 when all did, 6 while the last job is still at
  work. A run on a tenant (a move, a restore) and its backup refuse each other.

What goes
  keep_days and keep_count: one that either keeps stays. The newest good one of a tenant always stays, the newest whose
  rows were read back too, whatever the rules say; schema_only and data_only are counted by themselves. Broken ones stay
  for a person. Only archives of this machine are deleted; master forgets them, the audit remembers.
)";
}

}  // namespace scripting
