TRUNCATE lines;
INSERT INTO lines VALUES (1, 1, 'last');
