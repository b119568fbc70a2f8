#include "fleet/structure.hpp"

#include <doctest/doctest.h>

#include "fleet/structure_difference.hpp"

using fleet::Structure;
using fleet::StructureObject;

namespace {

Structure shop() {
  return {{{"column", "shop.item.id", "table shop.item", {{"type", "bigint"}, {"not null", "yes"}}},
           {"column", "shop.item.name", "table shop.item", {{"type", "text"}, {"default", "'x'::text"}}},
           {"default privileges",
            "of {owner} in schema shop on tables",
            "schema shop",
            {{"granted to {database_name}_app", "SELECT"}}},
           {"index",
            "shop.item_name_idx",
            "table shop.item",
            {{"definition", "CREATE INDEX item_name_idx ON shop.item USING btree (name)"}}},
           {"schema", "shop", "", {}},
           {"table",
            "shop.item",
            "schema shop",
            {{"columns", "id, name"}, {"granted to {database_name}_app", "INSERT, SELECT"}}},
           {"type", "shop.mood", "schema shop", {{"values", "'sad', 'ok'"}}}}};
}

StructureObject& object(Structure& structure, std::string const& name) {
  for (StructureObject& each : structure.objects)
    if (each.name == name) return each;
  throw std::runtime_error("no object " + name);
}

void remove(Structure& structure, std::string const& prefix) {
  std::erase_if(structure.objects,
                [&](StructureObject const& each) { return each.name.rfind(prefix, 0) == 0; });
}

std::string told(std::vector<fleet::StructureDifference> const& found) {
  std::string text;
  for (auto const& one : found) text += describe(one) + "\n";
  return text;
}

}  // namespace

TEST_CASE("equal structures have no difference") { CHECK(told(difference(shop(), shop())) == ""); }

TEST_CASE("a property that differs is named with both texts, in both directions") {
  Structure changed = shop();
  object(changed, "shop.item.name").properties.erase("default");
  object(changed, "shop.item.id").properties["type"] = "integer";
  object(changed, "shop.item.id").properties["comment"] = "the key";
  CHECK(told(difference(shop(), changed)) ==
        "column shop.item.id: type is integer, not bigint\n"
        "column shop.item.id: comment is the key, not (none)\n"
        "column shop.item.name: default is (none), not 'x'::text\n");
  CHECK(told(difference(changed, shop())) ==
        "column shop.item.id: comment is (none), not the key\n"
        "column shop.item.id: type is bigint, not integer\n"
        "column shop.item.name: default is 'x'::text, not (none)\n");
}

TEST_CASE("an object that is missing is one line, and its parts none") {
  Structure without_index = shop();
  remove(without_index, "shop.item_name_idx");
  CHECK(told(difference(shop(), without_index)) ==
        "index shop.item_name_idx is missing: CREATE INDEX item_name_idx ON shop.item USING btree (name)\n");
  CHECK(told(difference(without_index, shop())) ==
        "index shop.item_name_idx is extra: CREATE INDEX item_name_idx ON shop.item USING btree (name)\n");
  Structure without_table = shop();
  remove(without_table, "shop.item");
  CHECK(told(difference(shop(), without_table)) == "table shop.item is missing: id, name\n");
  CHECK(told(difference(shop(), Structure{})) == "schema shop is missing\n");
  CHECK(told(difference(Structure{}, shop())) == "schema shop is extra\n");
}

TEST_CASE("the order of columns counts, a column too many does not change it") {
  Structure other = shop();
  object(other, "shop.item").properties["columns"] = "name, id";
  CHECK(told(difference(shop(), other)) == "table shop.item: order of columns is name, id, not id, name\n");
  Structure more = shop();
  object(more, "shop.item").properties["columns"] = "id, \"a, b\", name";
  more.objects.insert(more.objects.begin(), {"column", "shop.item.\"a, b\"", "table shop.item", {}});
  CHECK(told(difference(shop(), more)) == "column shop.item.\"a, b\" is extra\n");
}

TEST_CASE("the order of an enum's values is a difference") {
  Structure other = shop();
  object(other, "shop.mood").properties["values"] = "'ok', 'sad'";
  CHECK(told(difference(shop(), other)) == "type shop.mood: values is 'ok', 'sad', not 'sad', 'ok'\n");
}

TEST_CASE("what provisioning grants can be left out, or compared alone") {
  Structure other = shop();
  object(other, "shop.item").properties.erase("granted to {database_name}_app");
  remove(other, "of {owner}");
  CHECK(told(difference(without_own_grants(shop()), without_own_grants(other))) == "");
  CHECK(told(difference(only_own_grants(shop()), only_own_grants(other))) ==
        "default privileges of {owner} in schema shop on tables is missing\ntable shop.item is missing\n");
  object(other, "shop.item").properties["granted to PUBLIC"] = "SELECT";
  CHECK(told(difference(without_own_grants(shop()), without_own_grants(other))) ==
        "table shop.item: granted to PUBLIC is SELECT, not (none)\n");
}

TEST_CASE("differences are ignored by object, and by property") {
  Structure other = shop();
  object(other, "shop.item.id").properties["comment"] = "the key";
  remove(other, "shop.item_name_idx");
  auto const found = difference(shop(), other);
  CHECK(found.size() == 2);
  CHECK(told(without(found, {"index shop.*"})) == "column shop.item.id: comment is the key, not (none)\n");
  CHECK(told(without(found, {"column *: comment"})) ==
        "index shop.item_name_idx is missing: CREATE INDEX item_name_idx ON shop.item USING btree (name)\n");
  CHECK(told(without(found, {"*"})) == "");
}
