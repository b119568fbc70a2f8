// One statement reads everything, whatever the number of schemas: a loop over a thousand of them would be a
// thousand round trips. Each arm of `o` is one kind of object; comments and grants are joined to all of them.
#include "fleet/structure_sql.hpp"

#include <string_view>

namespace fleet {
namespace {

// `relative`: whether single schemas are read, each for itself. `own`: what the tenant's place is called.
constexpr std::string_view places = R"sql(
with db as materialized (
  select $1 is null as whole, datname, datdba from pg_database where datname = current_database()),
s as materialized (
  select n.oid, n.nspname, q.q, n.nspacl, n.nspowner, not d.whole as relative,
         case when d.whole then '' else n.nspname end as grp,
         case when d.whole then q.q || '.' else '' end as prefix,
         case when d.whole then 'schema ' || q.q else 'schema {schema_name}' end as here,
         case when d.whole then d.datdba else n.nspowner end as main_owner,
         case when d.whole then d.datname else n.nspname end as own,
         case when d.whole then '{database_name}' else '{schema_name}' end as own_text
  from pg_namespace n cross join lateral (select quote_ident(n.nspname)) q(q)
  cross join db d left join unnest($1) wanted(name) on wanted.name = n.nspname
  where (d.whole and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'tenantsh', 'runbook') or wanted.name is not null)
    and not exists (select from pg_depend e where e.classid = 'pg_namespace'::regclass and e.objid = n.oid and e.deptype = 'e')),
-- The database as a place, for what is in no schema.
whole as materialized (select ''::text as grp, datdba as main_owner, datname as own, '{database_name}' as own_text from db where db.whole),
e as materialized (select classid, objid from pg_depend where deptype = 'e'),
rel as materialized (
  select c.oid, c.relkind, c.relowner, c.relacl, c.relpersistence, c.relispartition, c.relpartbound, c.relrowsecurity, c.relforcerowsecurity,
         c.reloptions, c.reltoastrelid, c.reloftype, c.relam, c.reltablespace, c.relreplident, c.relispopulated,
         s.grp, s.here, s.main_owner, s.own, s.own_text,
         s.prefix || quote_ident(c.relname) as name,
         case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
                        when 'S' then 'sequence' when 'c' then 'type' when 'i' then 'index' when 'I' then 'index'
                        else 'table' end as kind
  from pg_class c join s on s.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c', 'i', 'I') and c.relpersistence <> 't'
    and not exists (select from e where e.classid = 'pg_class'::regclass and e.objid = c.oid)),
att as materialized (
  select a.attrelid, a.attname, a.attnum, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated, a.attidentity, a.attcollation, a.attstorage,
         @compression_column@ a.attstattarget, a.attoptions, a.attfdwoptions, a.attacl, r.grp, r.name, r.kind, r.main_owner, r.own, r.own_text, r.relkind, r.relowner
  from pg_attribute a join rel r on r.oid = a.attrelid
  where a.attnum > 0 and not a.attisdropped and r.relkind in ('r', 'p', 'f', 'v', 'm', 'c')),
att_list as materialized (
  select attrelid, string_agg(quote_ident(attname), ', ' order by attnum) as columns,
         string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
           filter (where relkind = 'c') as attributes
  from att group by attrelid),
o(grp, main_owner, own, own_text, classid, objid, objsubid, kind, name, within, owner, acl, acltype, properties) as materialized (
)sql";

constexpr std::string_view relations = R"sql(
  select grp, main_owner, own, own_text, 'pg_namespace'::regclass::oid, oid, 0, 'schema',
         case when relative then '{schema_name}' else q end, '', nspowner, nspacl, 'n', ''
  from s
union all
  select r.grp, r.main_owner, r.own, r.own_text, 'pg_class'::regclass::oid, r.oid, 0, r.kind, r.name, r.here, r.relowner, r.relacl, 'r',
    concat_ws(E'\x1e',
      case when r.relpersistence = 'u' then E'persistence\x1funlogged' end,
      case when r.relkind = 'p' then E'partitioned by\x1f' || pg_get_partkeydef(r.oid) end,
      case when r.relispartition then E'partition of\x1f' || (select inhparent::regclass::text from pg_inherits where inhrelid = r.oid)
                                      || ' ' || pg_get_expr(r.relpartbound, r.oid) end,
      case when not r.relispartition and r.relkind in ('r', 'f') then (select E'inherits\x1f' || string_agg(inhparent::regclass::text, ', ' order by inhseqno)
                                                from pg_inherits where inhrelid = r.oid) end,
      case when r.relrowsecurity then E'row security\x1f' || case when r.relforcerowsecurity then 'forced' else 'enabled' end end,
      case when not r.relrowsecurity and r.relforcerowsecurity then E'row security\x1fforced but disabled' end,
      E'options\x1f' || array_to_string(r.reloptions, ', '),
      case when r.reltoastrelid <> 0 then (select E'toast options\x1f' || array_to_string(t.reloptions, ', ') from pg_class t where t.oid = r.reltoastrelid) end,
      case when r.reloftype <> 0 then E'of type\x1f' || r.reloftype::regtype::text end,
      case when r.relam <> 0 and r.relkind in ('r', 'm') then (select E'access method\x1f' || amname from pg_am where oid = r.relam and amname <> 'heap') end,
      case when r.reltablespace <> 0 then (select E'tablespace\x1f' || spcname from pg_tablespace where oid = r.reltablespace) end,
      case r.relreplident when 'f' then E'replica identity\x1ffull' when 'n' then case when r.relkind in ('r', 'p') then E'replica identity\x1fnothing' end end,
      case when r.relkind in ('r', 'p', 'f') then E'columns\x1f' || a.columns end,
      case when r.relkind in ('v', 'm') then E'definition\x1f' || pg_get_viewdef(r.oid) end,
      case when r.relkind = 'm' and not r.relispopulated then E'populated\x1fno' end,
      case when r.relkind = 'f' then (select E'server\x1f' || v.srvname || coalesce(E'\x1eforeign options\x1f' || array_to_string(f.ftoptions, ', '), '')
                                      from pg_foreign_table f join pg_foreign_server v on v.oid = f.ftserver where f.ftrelid = r.oid) end)
  from rel r left join att_list a on a.attrelid = r.oid
  where r.relkind in ('r', 'p', 'v', 'm', 'f')
union all
  select r.grp, r.main_owner, r.own, r.own_text, 'pg_class'::regclass::oid, r.oid, 0, 'sequence', r.name, r.here, r.relowner, r.relacl, 's',
    concat_ws(E'\x1e', E'type\x1f' || format_type(q.seqtypid, null), E'start\x1f' || q.seqstart, E'increment\x1f' || q.seqincrement,
      E'minimum\x1f' || q.seqmin, E'maximum\x1f' || q.seqmax, E'cache\x1f' || q.seqcache, case when q.seqcycle then E'cycle\x1fyes' end,
      case when r.relpersistence = 'u' then E'persistence\x1funlogged' end,
      (select E'owned by\x1f' || d.refobjid::regclass || '.' || quote_ident(a.attname)
       from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
       where d.classid = 'pg_class'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') limit 1))
  from rel r join pg_sequence q on q.seqrelid = r.oid
union all
  select a.grp, a.main_owner, a.own, a.own_text, 'pg_class'::regclass::oid, a.attrelid, a.attnum, 'column', a.name || '.' || quote_ident(a.attname),
    a.kind || ' ' || a.name, null, a.attacl, 'c',
    case when a.relkind in ('v', 'm') then coalesce(E'default\x1f' || pg_get_expr(d.adbin, d.adrelid), '') else
    concat_ws(E'\x1e', E'type\x1f' || format_type(a.atttypid, a.atttypmod), case when a.attnotnull then E'not null\x1fyes' end,
      case when a.attgenerated <> '' then E'generated\x1f' else E'default\x1f' end || pg_get_expr(d.adbin, d.adrelid),
      case a.attgenerated when 'v' then E'generated how\x1fvirtual' end,
      case a.attidentity when 'a' then E'identity\x1falways' when 'd' then E'identity\x1fby default' end,
      case when a.attcollation <> t.typcollation then E'collation\x1f' || a.attcollation::regcollation end,
      case when a.attstorage <> t.typstorage then E'storage\x1f' || case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end end,
      @compression@
      case when a.attstattarget >= 0 then E'statistics\x1f' || a.attstattarget end,
      -- 15.20 keeps a version of its own there (pg_attver), another one in every table.
      (select E'options\x1f' || string_agg(x, ', ' order by x) from unnest(a.attoptions) x where x !~ '^pg_'),
      E'foreign options\x1f' || array_to_string(a.attfdwoptions, ', ')) end
  from att a join pg_type t on t.oid = a.atttypid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.relkind <> 'c'
    and (a.relkind not in ('v', 'm') or d.oid is not null or a.attacl is not null
         or exists (select from pg_description x where x.classoid = 'pg_class'::regclass and x.objoid = a.attrelid and x.objsubid = a.attnum))
union all
  select r.grp, r.main_owner, r.own, r.own_text, 'pg_constraint'::regclass::oid, k.oid, 0, 'constraint', r.name || '.' || quote_ident(k.conname),
    r.kind || ' ' || r.name, null, null, null,
    concat_ws(E'\x1e', E'definition\x1f' || pg_get_constraintdef(k.oid),
      case when i.indisclustered then E'clustered\x1fyes' end, case when i.indisreplident then E'replica identity\x1fyes' end,
      case when not i.indisvalid then E'valid\x1fno' end, E'options\x1f' || array_to_string(x.reloptions, ', '))
  from pg_constraint k join rel r on r.oid = k.conrelid
  left join pg_index i on i.indexrelid = k.conindid and k.contype in ('p', 'u', 'x') left join pg_class x on x.oid = i.indexrelid
  where k.contype not in ('t', 'n')
union all
  select r.grp, r.main_owner, r.own, r.own_text, 'pg_class'::regclass::oid, r.oid, 0, 'index', r.name, t.kind || ' ' || t.name, null, null, null,
    concat_ws(E'\x1e', E'definition\x1f' || pg_get_indexdef(r.oid),
      case when not (i.indisvalid and i.indisready) then E'valid\x1fno' end,
      case when i.indisclustered then E'clustered\x1fyes' end, case when i.indisreplident then E'replica identity\x1fyes' end,
      case when r.reltablespace <> 0 then (select E'tablespace\x1f' || spcname from pg_tablespace where oid = r.reltablespace) end,
      (select E'statistics\x1f' || string_agg(x.attnum || '=' || x.attstattarget, ', ' order by x.attnum) from pg_attribute x where x.attrelid = r.oid and x.attstattarget >= 0))
  from rel r join pg_index i on i.indexrelid = r.oid join rel t on t.oid = i.indrelid
  where not exists (select from pg_constraint k where k.conindid = r.oid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x'))
union all
  select r.grp, r.main_owner, r.own, r.own_text, 'pg_trigger'::regclass::oid, g.oid, 0, 'trigger', r.name || '.' || quote_ident(g.tgname),
    r.kind || ' ' || r.name, null, null, null,
    concat_ws(E'\x1e', E'definition\x1f' || pg_get_triggerdef(g.oid),
      case g.tgenabled when 'D' then E'enabled\x1fno' when 'R' then E'enabled\x1freplica' when 'A' then E'enabled\x1falways' end)
  from pg_trigger g join rel r on r.oid = g.tgrelid where not g.tgisinternal
union all
  select r.grp, r.main_owner, r.own, r.own_text, 'pg_rewrite'::regclass::oid, w.oid, 0, 'rule', r.name || '.' || quote_ident(w.rulename),
    r.kind || ' ' || r.name, null, null, null,
    concat_ws(E'\x1e', E'definition\x1f' || pg_get_ruledef(w.oid),
      case w.ev_enabled when 'D' then E'enabled\x1fno' when 'R' then E'enabled\x1freplica' when 'A' then E'enabled\x1falways' end)
  from pg_rewrite w join rel r on r.oid = w.ev_class where w.rulename <> '_RETURN'
union all
  select r.grp, r.main_owner, r.own, r.own_text, 'pg_policy'::regclass::oid, p.oid, 0, 'policy', r.name || '.' || quote_ident(p.polname),
    r.kind || ' ' || r.name, null, null, null,
    concat_ws(E'\x1e', E'for\x1f' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
      case when not p.polpermissive then E'restrictive\x1fyes' end,
      E'to\x1f' || (select string_agg(coalesce(@role:a.rolname:r@, 'PUBLIC'), ', ' order by a.rolname) from unnest(p.polroles) m(role) left join pg_roles a on a.oid = m.role),
      E'using\x1f' || pg_get_expr(p.polqual, p.polrelid), E'with check\x1f' || pg_get_expr(p.polwithcheck, p.polrelid))
  from pg_policy p join rel r on r.oid = p.polrelid
)sql";

constexpr std::string_view routines_and_types = R"sql(
union all
  select s.grp, s.main_owner, s.own, s.own_text, 'pg_proc'::regclass::oid, p.oid, 0,
    case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
    s.prefix || quote_ident(p.proname) || '(' || @relative:pg_get_function_identity_arguments(p.oid)@ || ')',
    s.here, p.proowner, p.proacl, 'f',
    case when p.prokind <> 'a' then E'definition\x1f' || pg_get_functiondef(p.oid) else
      (select concat_ws(E'\x1e', E'state\x1f' || g.aggtransfn || ' ' || format_type(g.aggtranstype, null) || ' ' || g.aggtransspace,
         E'result\x1f' || format_type(p.prorettype, null), E'kind\x1f' || g.aggkind::text || g.aggnumdirectargs || p.proparallel::text,
         case when g.aggfinalfn <> 0 then E'final\x1f' || g.aggfinalfn || ' ' || g.aggfinalmodify::text || ' ' || g.aggfinalextra end,
         case when g.aggcombinefn <> 0 then E'combine\x1f' || g.aggcombinefn end,
         case when g.aggserialfn <> 0 then E'serialize\x1f' || g.aggserialfn || ' ' || g.aggdeserialfn end,
         case when g.aggmtransfn <> 0 then E'moving\x1f' || concat_ws(' ', g.aggmtransfn, g.aggminvtransfn, g.aggmfinalfn, format_type(g.aggmtranstype, null), g.aggminitval) end,
         case when g.aggsortop <> 0 then E'sort operator\x1f' || g.aggsortop::regoperator end, E'initial\x1f' || g.agginitval)
       from pg_aggregate g where g.aggfnoid = p.oid) end
  from pg_proc p join s on s.oid = p.pronamespace
  where not exists (select from e where e.classid = 'pg_proc'::regclass and e.objid = p.oid)
    -- Made with a range type.
    and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i' and d.refclassid = 'pg_type'::regclass)
union all
  select s.grp, s.main_owner, s.own, s.own_text, 'pg_type'::regclass::oid, t.oid, 0,
    case t.typtype when 'd' then 'domain' else 'type' end, s.prefix || quote_ident(t.typname), s.here, t.typowner, t.typacl, 'T',
    case t.typtype
      when 'e' then (select E'values\x1f' || string_agg(quote_literal(n.enumlabel), ', ' order by n.enumsortorder) from pg_enum n where n.enumtypid = t.oid)
      when 'c' then E'attributes\x1f' || l.attributes
      when 'd' then concat_ws(E'\x1e', E'type\x1f' || format_type(t.typbasetype, t.typtypmod), case when t.typnotnull then E'not null\x1fyes' end,
        E'default\x1f' || t.typdefault,
        case when t.typcollation <> (select b.typcollation from pg_type b where b.oid = t.typbasetype) then E'collation\x1f' || t.typcollation::regcollation end)
      when 'r' then (select concat_ws(E'\x1e', E'subtype\x1f' || format_type(g.rngsubtype, null), case when g.rngcollation <> 0 then E'collation\x1f' || g.rngcollation::regcollation end,
          E'operator class\x1f' || (select n.nspname || '.' || c.opcname from pg_opclass c join pg_namespace n on n.oid = c.opcnamespace where c.oid = g.rngsubopc),
          case when g.rngcanonical <> 0 then E'canonical\x1f' || g.rngcanonical end, case when g.rngsubdiff <> 0 then E'difference\x1f' || g.rngsubdiff end)
        from pg_range g where g.rngtypid = t.oid)
      else concat_ws(E'\x1e', E'input\x1f' || t.typinput, E'output\x1f' || t.typoutput, E'length\x1f' || t.typlen, E'alignment\x1f' || t.typalign::text, E'storage\x1f' || t.typstorage::text) end
  from pg_type t join s on s.oid = t.typnamespace left join att_list l on l.attrelid = t.typrelid and t.typtype = 'c'
  where t.typtype in ('e', 'd', 'r', 'b', 'c') and t.typelem = 0 and t.typisdefined
    and (t.typtype <> 'c' or l.attributes is not null)
    and not exists (select from e where e.classid = 'pg_type'::regclass and e.objid = t.oid)
union all
  select s.grp, s.main_owner, s.own, s.own_text, 'pg_constraint'::regclass::oid, k.oid, 0, 'constraint',
    s.prefix || quote_ident(t.typname) || '.' || quote_ident(k.conname), 'domain ' || s.prefix || quote_ident(t.typname), null, null, null,
    E'definition\x1f' || pg_get_constraintdef(k.oid)
  from pg_constraint k join pg_type t on t.oid = k.contypid join s on s.oid = t.typnamespace
  where k.contype <> 'n' and not exists (select from e where e.classid = 'pg_type'::regclass and e.objid = t.oid)
union all
  select s.grp, s.main_owner, s.own, s.own_text, 'pg_operator'::regclass::oid, p.oid, 0, 'operator',
    s.prefix || p.oprname || '(' || @relative:concat_ws(', ', format_type(nullif(p.oprleft, 0), null), format_type(nullif(p.oprright, 0), null))@ || ')', s.here, p.oprowner, null, null,
    concat_ws(E'\x1e', E'function\x1f' || p.oprcode, E'result\x1f' || format_type(p.oprresult, null), case when p.oprcom <> 0 then E'commutator\x1f' || p.oprcom::regoperator end,
      case when p.oprnegate <> 0 then E'negator\x1f' || p.oprnegate::regoperator end, E'estimators\x1f' || p.oprrest || ' ' || p.oprjoin,
      case when p.oprcanmerge then E'merges\x1fyes' end, case when p.oprcanhash then E'hashes\x1fyes' end)
  from pg_operator p join s on s.oid = p.oprnamespace
  where not exists (select from e where e.classid = 'pg_operator'::regclass and e.objid = p.oid)
union all
  select s.grp, s.main_owner, s.own, s.own_text, 'pg_opclass'::regclass::oid, p.oid, 0, 'operator class', s.prefix || quote_ident(p.opcname) || ' using ' || m.amname, s.here, p.opcowner, null, null,
    concat_ws(E'\x1e', E'type\x1f' || format_type(p.opcintype, null), case when p.opcdefault then E'default\x1fyes' end,
      E'operators\x1f' || (select string_agg(x.amopstrategy || ' ' || x.amopopr::regoperator, ', ' order by x.amopstrategy, x.amopopr::regoperator::text) from pg_amop x where x.amopfamily = p.opcfamily),
      E'functions\x1f' || (select string_agg(x.amprocnum || ' ' || x.amproc::regprocedure, ', ' order by x.amprocnum, x.amproc::regprocedure::text) from pg_amproc x where x.amprocfamily = p.opcfamily))
  from pg_opclass p join s on s.oid = p.opcnamespace join pg_am m on m.oid = p.opcmethod
  where not exists (select from e where e.classid = 'pg_opclass'::regclass and e.objid = p.oid)
union all
  select s.grp, s.main_owner, s.own, s.own_text, 'pg_collation'::regclass::oid, p.oid, 0, 'collation', s.prefix || quote_ident(p.collname), s.here, p.collowner, null, null,
    concat_ws(E'\x1e', E'provider\x1f' || p.collprovider::text, E'collate\x1f' || p.collcollate, E'ctype\x1f' || p.collctype, case when not p.collisdeterministic then E'deterministic\x1fno' end)
  from pg_collation p join s on s.oid = p.collnamespace
  where not exists (select from e where e.classid = 'pg_collation'::regclass and e.objid = p.oid)
union all
  select s.grp, s.main_owner, s.own, s.own_text, 'pg_conversion'::regclass::oid, p.oid, 0, 'conversion', s.prefix || quote_ident(p.conname), s.here, p.conowner, null, null,
    concat_ws(E'\x1e', E'from\x1f' || pg_encoding_to_char(p.conforencoding), E'to\x1f' || pg_encoding_to_char(p.contoencoding), E'function\x1f' || p.conproc, case when p.condefault then E'default\x1fyes' end)
  from pg_conversion p join s on s.oid = p.connamespace
  where not exists (select from e where e.classid = 'pg_conversion'::regclass and e.objid = p.oid)
union all
  select s.grp, s.main_owner, s.own, s.own_text, 'pg_statistic_ext'::regclass::oid, p.oid, 0, 'statistics', s.prefix || quote_ident(p.stxname), r.kind || ' ' || r.name, p.stxowner, null, null,
    E'definition\x1f' || pg_get_statisticsobjdef(p.oid)
  from pg_statistic_ext p join s on s.oid = p.stxnamespace join rel r on r.oid = p.stxrelid
union all
  select s.grp, s.main_owner, s.own, s.own_text, 'pg_ts_config'::regclass::oid, p.oid, 0, 'text search configuration', s.prefix || quote_ident(p.cfgname), s.here, p.cfgowner, null, null,
    concat_ws(E'\x1e', E'parser\x1f' || (select x.prsname from pg_ts_parser x where x.oid = p.cfgparser),
      E'mappings\x1f' || (select string_agg(m.maptokentype || ' ' || m.mapdict::regdictionary, ', ' order by m.maptokentype, m.mapseqno) from pg_ts_config_map m where m.mapcfg = p.oid))
  from pg_ts_config p join s on s.oid = p.cfgnamespace
  where not exists (select from e where e.classid = 'pg_ts_config'::regclass and e.objid = p.oid)
union all
  select s.grp, s.main_owner, s.own, s.own_text, 'pg_ts_dict'::regclass::oid, p.oid, 0, 'text search dictionary', s.prefix || quote_ident(p.dictname), s.here, p.dictowner, null, null,
    concat_ws(E'\x1e', E'template\x1f' || (select x.tmplname from pg_ts_template x where x.oid = p.dicttemplate), E'options\x1f' || p.dictinitoption)
  from pg_ts_dict p join s on s.oid = p.dictnamespace
  where not exists (select from e where e.classid = 'pg_ts_dict'::regclass and e.objid = p.oid)
)sql";

constexpr std::string_view of_the_database = R"sql(
union all
  select s.grp, s.main_owner, s.own, s.own_text, 'pg_default_acl'::regclass::oid, d.oid, 0, 'default privileges',
    'of ' || case when d.defaclrole = s.main_owner then '{owner}' else @role:r.rolname:s@ end || ' in ' || s.here || ' on ' ||
      case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' else 'schemas' end,
    s.here, null, d.defaclacl, 'c', ''
  from pg_default_acl d join s on s.oid = d.defaclnamespace join pg_roles r on r.oid = d.defaclrole
union all
  select b.grp, b.main_owner, b.own, b.own_text, 'pg_default_acl'::regclass::oid, d.oid, 0, 'default privileges',
    'of ' || case when d.defaclrole = b.main_owner then '{owner}' else @role:r.rolname:b@ end || ' on ' ||
      case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' else 'schemas' end,
    '', d.defaclrole, d.defaclacl, case d.defaclobjtype when 'S' then 's' else d.defaclobjtype::text end, ''
  from pg_default_acl d cross join whole b join pg_roles r on r.oid = d.defaclrole where d.defaclnamespace = 0
union all
  select b.grp, b.main_owner, b.own, b.own_text, 'pg_extension'::regclass::oid, x.oid, 0, 'extension', quote_ident(x.extname), '', null, null, null,
    concat_ws(E'\x1e', E'version\x1f' || x.extversion, E'schema\x1f' || quote_ident(n.nspname))
  from pg_extension x cross join whole b join pg_namespace n on n.oid = x.extnamespace
union all
  select b.grp, b.main_owner, b.own, b.own_text, 'pg_cast'::regclass::oid, c.oid, 0, 'cast', '(' || format_type(c.castsource, null) || ' as ' || format_type(c.casttarget, null) || ')', '', null, null, null,
    concat_ws(E'\x1e', case when c.castfunc <> 0 then E'function\x1f' || c.castfunc::regprocedure end, E'method\x1f' || c.castmethod::text, E'context\x1f' || c.castcontext::text)
  from pg_cast c cross join whole b where c.oid >= 16384 and not exists (select from e where e.classid = 'pg_cast'::regclass and e.objid = c.oid)
union all
  select b.grp, b.main_owner, b.own, b.own_text, 'pg_language'::regclass::oid, l.oid, 0, 'language', quote_ident(l.lanname), '', l.lanowner, l.lanacl, 'l',
    case when l.lanpltrusted then E'trusted\x1fyes' else '' end
  from pg_language l cross join whole b where l.lanispl and not exists (select from e where e.classid = 'pg_language'::regclass and e.objid = l.oid)
union all
  select b.grp, b.main_owner, b.own, b.own_text, 'pg_foreign_data_wrapper'::regclass::oid, f.oid, 0, 'foreign data wrapper', quote_ident(f.fdwname), '', f.fdwowner, f.fdwacl, 'F',
    concat_ws(E'\x1e', case when f.fdwhandler <> 0 then E'handler\x1f' || f.fdwhandler::regproc end, case when f.fdwvalidator <> 0 then E'validator\x1f' || f.fdwvalidator::regproc end, E'options\x1f' || array_to_string(f.fdwoptions, ', '))
  from pg_foreign_data_wrapper f cross join whole b where not exists (select from e where e.classid = 'pg_foreign_data_wrapper'::regclass and e.objid = f.oid)
union all
  select b.grp, b.main_owner, b.own, b.own_text, 'pg_foreign_server'::regclass::oid, f.oid, 0, 'foreign server', quote_ident(f.srvname), '', f.srvowner, f.srvacl, 'S',
    concat_ws(E'\x1e', E'wrapper\x1f' || (select w.fdwname from pg_foreign_data_wrapper w where w.oid = f.srvfdw), E'type\x1f' || f.srvtype, E'version\x1f' || f.srvversion, E'options\x1f' || array_to_string(f.srvoptions, ', '))
  from pg_foreign_server f cross join whole b where not exists (select from e where e.classid = 'pg_foreign_server'::regclass and e.objid = f.oid)
union all
  select b.grp, b.main_owner, b.own, b.own_text, 'pg_event_trigger'::regclass::oid, v.oid, 0, 'event trigger', quote_ident(v.evtname), '', v.evtowner, null, null,
    concat_ws(E'\x1e', E'event\x1f' || v.evtevent, E'function\x1f' || v.evtfoid::regprocedure, E'tags\x1f' || array_to_string(v.evttags, ', '),
      case v.evtenabled when 'D' then E'enabled\x1fno' when 'R' then E'enabled\x1freplica' when 'A' then E'enabled\x1falways' end)
  from pg_event_trigger v cross join whole b where not exists (select from e where e.classid = 'pg_event_trigger'::regclass and e.objid = v.oid)
union all
  -- A publication that a move made is no part of the tenant.
  select b.grp, b.main_owner, b.own, b.own_text, 'pg_publication'::regclass::oid, p.oid, 0, 'publication', quote_ident(p.pubname), '', p.pubowner, null, null,
    concat_ws(E'\x1e', case when p.puballtables then E'all tables\x1fyes' end, case when p.pubviaroot then E'via root\x1fyes' end,
      E'publish\x1f' || concat_ws(', ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end),
      @published_schemas@
      E'tables\x1f' || (select string_agg(x.prrelid::regclass || @published_rows@, ', ' order by x.prrelid::regclass::text) from pg_publication_rel x where x.prpubid = p.oid))
  from pg_publication p cross join whole b where p.pubname !~ '^tenantsh'
),
)sql";

// Grants as what differs from PostgreSQL's defaults, so that an explicit default and none are the same.
constexpr std::string_view grants = R"sql(
g as materialized (
  select classid, objid, objsubid,
    string_agg(line, E'\x1e' order by line collate "C") filter (where not own) as others,
    string_agg(line, E'\x1e' order by line collate "C") filter (where own) as own
  from (
    select classid, objid, objsubid, own, verb || ' ' || role || E'\x1f' ||
      string_agg(privilege_type || case when is_grantable then ' with grant option' else '' end, ', ' order by privilege_type, is_grantable) as line
    from (
      select o.classid, o.objid, o.objsubid, x.verb, x.privilege_type, x.is_grantable,
        case when x.grantee = 0 then 'PUBLIC' when x.grantee in (o.owner, o.main_owner) then '{owner}' else @role:r.rolname:o@ end as role,
        x.grantee <> 0 and x.grantee is distinct from o.owner and x.grantee <> o.main_owner and @is_own:r.rolname:o@ as own
      from o cross join lateral (
        (select 'granted to' as verb, a.grantee, a.privilege_type, a.is_grantable from (
          select grantee, privilege_type, is_grantable from aclexplode(o.acl)
          except select grantee, privilege_type, is_grantable from aclexplode(acldefault(o.acltype::"char", coalesce(o.owner, o.main_owner)))) a)
        union all
        (select 'revoked from', a.grantee, a.privilege_type, a.is_grantable from (
          select grantee, privilege_type, is_grantable from aclexplode(acldefault(o.acltype::"char", coalesce(o.owner, o.main_owner)))
          except select grantee, privilege_type, is_grantable from aclexplode(o.acl)) a)) x
      left join pg_roles r on r.oid = x.grantee
      where o.acl is not null) y
    group by classid, objid, objsubid, own, verb, role) z
  group by classid, objid, objsubid),
rows as (
  select o.grp, o.kind, o.name, o.within,
    concat_ws(E'\x1e', nullif(o.properties, ''),
      case when o.owner <> o.main_owner and o.kind <> 'default privileges' and w.rolname <> 'pg_database_owner' then E'owner\x1f' || @role:w.rolname:o@ end,
      E'comment\x1f' || d.description, g.others) as properties,
    coalesce(g.own, '') as own
  from o
  left join pg_description d on d.classoid = o.classid and d.objoid = o.objid and d.objsubid = o.objsubid
  left join g on g.classid = o.classid and g.objid = o.objid and g.objsubid = o.objsubid
  left join pg_roles w on w.oid = o.owner)
)sql";

// A schema's own name: before a point, and alone between quotes.
constexpr std::string_view named_rows = R"sql(
select kind, @unnamed:name@ as name, within, @unnamed:properties@ as properties, rows.own
from rows left join s on s.relative and s.grp = rows.grp
order by kind collate "C", name collate "C"
)sql";

constexpr std::string_view digests = R"sql(
, texts as (
  select grp,
    coalesce(string_agg(concat_ws(E'\x1d', kind, name, properties), E'\x1c' order by kind collate "C", name collate "C")
      filter (where kind <> 'default privileges' or properties <> ''), '') as structure,
    coalesce(string_agg(concat_ws(E'\x1d', kind, name, own), E'\x1c' order by kind collate "C", name collate "C") filter (where own <> ''), '') as own_grants
  from rows group by grp)
select texts.grp as schema,
  encode(sha256(convert_to(@unnamed:structure@, 'UTF8')), 'hex') as structure,
  encode(sha256(convert_to(@unnamed:own_grants@, 'UTF8')), 'hex') as own_grants
from texts left join s on s.relative and s.grp = texts.grp
)sql";

// A role that belongs to the tenant has the name of its place as a word in its own: tenant_acme_app.
constexpr std::string_view is_own =
    "(strpos('_' || translate(@first, '-', '_') || '_', '_' || translate(@second.own, '-', '_') || '_') > 0)";
constexpr std::string_view role =
    "(case when strpos('_' || translate(@first, '-', '_') || '_', '_' || translate(@second.own, '-', '_') || "
    "'_') > 0 "
    "then replace(@first, @second.own, @second.own_text) else @first end)";
constexpr std::string_view relative =
    "(case when s.relative then replace(@first, s.q || '.', '{schema_name}.') else @first end)";
// In text before a point, bare or quoted, and as a whole literal. One regular expression for each schema:
// they are compiled, so that the digests run it once over the whole text.
constexpr std::string_view unnamed =
    R"sql((case when s.q is null or (strpos(@first, s.nspname) = 0 and strpos(@first, s.q) = 0) then @first else regexp_replace(@first,
  '(?<![[:alnum:]_$".])(?:' || @escaped:s.q@ || '|"' || @escaped:replace(s.nspname, '"', '""')@ || '")(?=\.)|(?<='')' ||
  @escaped:replace(s.nspname, '''', '''''')@ || '(?='')', '{schema_name}', 'g') end))sql";
constexpr std::string_view escaped = R"sql(regexp_replace(@first, '([^[:alnum:]_])', '\\\1', 'g'))sql";

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

// Replaces "@name:argument@" and "@name:argument:argument@".
std::string expand(std::string text, std::string_view name, std::string_view meaning) {
  std::string const mark = "@" + std::string{name} + ":";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
    std::size_t const end = text.find('@', at + mark.size());
    std::string first = text.substr(at + mark.size(), end - at - mark.size()), second;
    // "::" is a cast, one colon divides.
    if (std::size_t const colon = first.rfind(':');
        colon != std::string::npos && (colon == 0 || first[colon - 1] != ':')) {
      second = first.substr(colon + 1);
      first.resize(colon);
    }
    text.replace(at, end + 1 - at,
                 replace_all(replace_all(std::string{meaning}, "@first", first), "@second", second));
  }
  return text;
}

std::string complete(std::string_view tail, int server_version) {
  std::string sql;
  for (std::string_view part : {places, relations, routines_and_types, of_the_database, grants, tail})
    sql += part;
  sql = replace_all(std::move(sql), "$1", "$1::text[]");
  sql = replace_all(std::move(sql), "@compression@",
                    server_version >= 140000 ? "case a.attcompression when 'p' then E'compression\\x1fpglz' "
                                               "when 'l' then E'compression\\x1flz4' end,"
                                             : "");
  sql = replace_all(std::move(sql), "@compression_column@",
                    server_version >= 140000 ? "a.attcompression," : "");
  bool const lists_schemas = server_version >= 150000;
  sql =
      replace_all(std::move(sql), "@published_schemas@",
                  lists_schemas ? "E'schemas\\x1f' || (select string_agg(x.pnnspid::regnamespace::text, ', ' "
                                  "order by x.pnnspid::regnamespace::text) from pg_publication_namespace x "
                                  "where x.pnpubid = p.oid),"
                                : "");
  sql = replace_all(
      std::move(sql), "@published_rows@",
      lists_schemas
          ? "coalesce(' (' || (select string_agg(quote_ident(c.attname), ', ' order by c.attnum) from "
            "pg_attribute c where c.attrelid = x.prrelid and c.attnum = any(x.prattrs)) || ')', '') "
            "|| coalesce(' where ' || pg_get_expr(x.prqual, x.prrelid), '')"
          : "''");
  sql = expand(std::move(sql), "role", role);
  sql = expand(std::move(sql), "is_own", is_own);
  sql = expand(std::move(sql), "relative", relative);
  sql = expand(std::move(sql), "unnamed", unnamed);
  return expand(std::move(sql), "escaped", escaped);
}

}  // namespace

std::string structure_rows_sql(int server_version) { return complete(named_rows, server_version); }
std::string structure_digests_sql(int server_version) { return complete(digests, server_version); }

}  // namespace fleet
