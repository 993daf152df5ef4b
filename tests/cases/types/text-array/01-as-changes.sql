-- The same values again, as changes; then a key that changes, and a value that another row takes over.
INSERT INTO edges (id, v) VALUES
  (101, '{a,"b,c",NULL,"NULL","","{}"}'),
  (102, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 2;
UPDATE edges SET v = NULL WHERE id = 102;
