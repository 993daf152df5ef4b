CREATE EXTENSION IF NOT EXISTS seg SCHEMA public;
CREATE TYPE pair AS (a int, b text);
CREATE FUNCTION as_json(anyarray) RETURNS jsonb IMMUTABLE LANGUAGE sql AS 'SELECT to_jsonb($1)';
CREATE TABLE odd (
  id int PRIMARY KEY, n int DEFAULT 0,
  a_name name, a_name_text text GENERATED ALWAYS AS (a_name::text) STORED,
  flags varbit, flags_text text GENERATED ALWAYS AS (flags::text) STORED,
  area box, area_text text GENERATED ALWAYS AS (area::text) STORED,
  place circle, place_text text GENERATED ALWAYS AS (place::text) STORED,
  matrix int[][], matrix_json jsonb GENERATED ALWAYS AS (as_json(matrix)) STORED,
  words text[], words_json jsonb GENERATED ALWAYS AS (as_json(words)) STORED,
  prices numeric[], prices_text text[] GENERATED ALWAYS AS (prices::text[]) STORED,
  some_floats float8[], floats_text text[] GENERATED ALWAYS AS (some_floats::text[]) STORED,
  size public.seg, size_text text GENERATED ALWAYS AS (size::text) STORED,
  two pair, two_b text GENERATED ALWAYS AS ((two).b) STORED);
