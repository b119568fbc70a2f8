// What a runner costs that knows one set and one fleet and checks nothing: for each database an advisory
// lock, a history table, and each file that is not in it in a transaction of its own with its history row.
// The bar that migrate.sh holds tenantsh against.
//
//   bare_migrate CONNINFO THREADS FILES_FOLDER DATABASE…
//
// CONNINFO lacks the dbname. Files run in the order of their names. Exit 1 when any database failed.
#include <dirent.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most_files = 1000 };
static char const* conninfo;
static char** databases;
static int database_count;
static char* names[most_files];
static char* texts[most_files];
static int file_count;
static atomic_int next_database, failures;

static char* read_file(char const* folder, char const* name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE* file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) return NULL;
  long size = ftell(file);
  rewind(file);
  char* text = calloc((size_t)size + 1, 1);
  if (fread(text, 1, (size_t)size, file) != (size_t)size) return NULL;
  fclose(file);
  return text;
}

static int by_name(void const* a, void const* b) { return strcmp(*(char* const*)a, *(char* const*)b); }

// 0 when the server refused it.
static int run(PGconn* connection, char const* sql) {
  PGresult* result = PQexec(connection, sql);
  ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    fprintf(stderr, "%s: %s", PQdb(connection), PQerrorMessage(connection));
  PQclear(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static int migrate(PGconn* connection) {
  if (!run(connection, "select pg_advisory_lock(42)") ||
      !run(connection,
           "create table if not exists history (name text primary key, at timestamptz default now())"))
    return 0;
  PGresult* history = PQexec(connection, "select name from history");
  int good = 1;
  for (int file = 0; file < file_count && good; ++file) {
    int done = 0;
    for (int row = 0; row < PQntuples(history) && !done; ++row)
      done = strcmp(PQgetvalue(history, row, 0), names[file]) == 0;
    if (done) continue;
    good = run(connection, "begin") && run(connection, texts[file]);
    if (!good) break;
    char const* values[] = {names[file]};
    PGresult* row =
        PQexecParams(connection, "insert into history (name) values ($1)", 1, NULL, values, NULL, NULL, 0);
    good = PQresultStatus(row) == PGRES_COMMAND_OK && run(connection, "commit");
    PQclear(row);
  }
  PQclear(history);
  return good && run(connection, "select pg_advisory_unlock(42)");
}

static void ignore_notice(void* unused, PGresult const* notice) { (void)unused, (void)notice; }

static void* work(void* unused) {
  (void)unused;
  for (;;) {
    int const index = atomic_fetch_add(&next_database, 1);
    if (index >= database_count) return NULL;
    char full[4096];
    snprintf(full, sizeof full, "%s dbname=%s", conninfo, databases[index]);
    PGconn* connection = PQconnectdb(full);
    PQsetNoticeReceiver(connection, ignore_notice, NULL);
    if (PQstatus(connection) != CONNECTION_OK) {
      fprintf(stderr, "%s", PQerrorMessage(connection));
      atomic_fetch_add(&failures, 1);
    } else if (!migrate(connection)) {
      atomic_fetch_add(&failures, 1);
    }
    PQfinish(connection);
  }
}

int main(int argc, char** argv) {
  if (argc < 5) return fprintf(stderr, "usage: bare_migrate CONNINFO THREADS FOLDER DATABASE...\n"), 2;
  conninfo = argv[1];
  int const thread_count = atoi(argv[2]);
  databases = argv + 4;
  database_count = argc - 4;
  DIR* folder = opendir(argv[3]);
  if (!folder) return perror(argv[3]), 2;
  for (struct dirent* entry; (entry = readdir(folder)) && file_count < most_files;)
    if (strstr(entry->d_name, ".sql")) names[file_count++] = strdup(entry->d_name);
  closedir(folder);
  qsort(names, (size_t)file_count, sizeof names[0], by_name);
  for (int file = 0; file < file_count; ++file)
    if (!(texts[file] = read_file(argv[3], names[file]))) return perror(names[file]), 2;
  pthread_t threads[256];
  for (int i = 0; i < thread_count && i < 256; ++i) pthread_create(&threads[i], NULL, work, NULL);
  for (int i = 0; i < thread_count && i < 256; ++i) pthread_join(threads[i], NULL);
  return failures > 0;
}
