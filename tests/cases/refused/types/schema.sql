CREATE TYPE pair AS (a int, b text);
CREATE TABLE odd (
  id int PRIMARY KEY, a_name name, a_bit bit(3), a_varbit varbit, a_tstzrange tstzrange, a_square int[][], some_floats float8[],
  some_moments timestamptz[], a_point point, a_box box, a_pair pair, a_query tsquery, a_multirange int4multirange, an_lsn pg_lsn,
  a_path jsonpath);
