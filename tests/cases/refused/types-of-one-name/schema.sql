CREATE SCHEMA IF NOT EXISTS case_types_of_one_name_legacy;
CREATE TABLE case_types_of_one_name_legacy.order_status (id int PRIMARY KEY, label text);
CREATE TYPE order_status AS ENUM ('open', 'paid');
CREATE TYPE case_types_of_one_name_legacy.kind AS ENUM ('x', 'y');
CREATE DOMAIN kind AS int CHECK (VALUE > 0);
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE TYPE case_types_of_one_name_legacy.colour AS (r int, g int);
CREATE TABLE orders (id int PRIMARY KEY, status order_status, kind kind, colours colour[], old case_types_of_one_name_legacy.kind);
