CREATE TYPE pair AS (a int, b xml);
CREATE TYPE spans AS RANGE (subtype = pair);
CREATE TABLE odd (
  id int PRIMARY KEY, a_name name, a_long_bit bit(129), a_varbit varbit, a_square int[][], some_floats float8[],
  some_moments timestamptz[], some_times time[], a_box box, a_pair pair, a_range spans, some_points point[]);
