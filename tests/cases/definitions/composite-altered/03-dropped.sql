ALTER TYPE address DROP ATTRIBUTE street;
INSERT INTO people VALUES (4, ROW('f', 5));
