ALTER TYPE address ADD ATTRIBUTE zip int;
INSERT INTO people VALUES (3, ROW('c', 'd', 4));
