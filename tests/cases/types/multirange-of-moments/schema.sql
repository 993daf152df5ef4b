CREATE TYPE moments AS RANGE (subtype = timestamptz, multirange_type_name = times);
CREATE TABLE holders (id int PRIMARY KEY);
CREATE TABLE edges (id int PRIMARY KEY, holder_id int DEFAULT 1, v times);
