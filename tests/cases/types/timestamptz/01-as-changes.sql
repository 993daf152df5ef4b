-- The same values again, as changes; then a key that changes, and a value that another row takes over.
INSERT INTO edges (id, v) VALUES
  (101, '2019-07-09 02:28:57.10+02'),
  (102, '2019-07-09 00:28:57Z'),
  (103, '2024-03-31 02:30 Europe/Berlin'),
  (104, '1883-11-18 12:00-04:56:02'),
  (105, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 2;
UPDATE edges SET v = NULL WHERE id = 102;
