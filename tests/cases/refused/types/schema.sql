CREATE TYPE pair AS (a int, b text);
CREATE TABLE odd (
  id int PRIMARY KEY, a_name name, a_long_bit bit(129), a_varbit varbit, a_tstzrange tstzrange, a_square int[][], some_floats float8[],
  some_moments timestamptz[], some_times time[], a_box box, a_pair pair, a_multirange tstzmultirange, some_points point[]);
