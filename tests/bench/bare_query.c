// What a fan-out costs that knows one statement and one server: a connection to each database, the statement, its
// first value on standard output. The bar that query.sh holds tenantsh against. Connections stay open until the end,
// as tenantsh's do.
//
//   bare_query CONNINFO CONNECTIONS_AT_ONCE SQL DATABASE…
//
// CONNINFO lacks the dbname. Exit 1 when any database failed.
#define _GNU_SOURCE
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static char const* conninfo;
static char const* sql;
static char** databases;
static char** answers;
static int database_count;
static atomic_int next_database, failures;

static void ask(int index) {
  char whole[4096];
  snprintf(whole, sizeof whole, "%s dbname=%s", conninfo, databases[index]);
  PGconn* connection = PQconnectdb(whole);
  PGresult* result = PQstatus(connection) == CONNECTION_OK ? PQexec(connection, sql) : NULL;
  if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0) {
    if (asprintf(&answers[index], "%s", PQgetvalue(result, 0, 0)) < 0) abort();
  } else {
    fprintf(stderr, "%s: %s", databases[index], PQerrorMessage(connection));
    ++failures;
  }
  PQclear(result);
}

static void* work(void* unused) {
  (void)unused;
  for (int index; (index = next_database++) < database_count;) ask(index);
  return NULL;
}

int main(int count, char** words) {
  if (count < 5) return 2;
  conninfo = words[1];
  sql = words[3];
  databases = words + 4;
  database_count = count - 4;
  answers = calloc((size_t)database_count, sizeof *answers);
  int const threads = atoi(words[2]);
  pthread_t* ids = calloc((size_t)threads, sizeof *ids);
  for (int i = 0; i < threads; ++i) pthread_create(&ids[i], NULL, work, NULL);
  for (int i = 0; i < threads; ++i) pthread_join(ids[i], NULL);
  for (int i = 0; i < database_count; ++i)
    if (answers[i]) printf("%s,%s\n", databases[i], answers[i]);
  return failures > 0;
}
