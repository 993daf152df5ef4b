CREATE TABLE accounts (id int PRIMARY KEY);
CREATE TABLE entries (id int PRIMARY KEY, account_id int REFERENCES accounts, amount numeric(12, 2), rate float8, units int8, day date);
