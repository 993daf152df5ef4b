-- The same values again, as changes; then a key that changes, and a value that another row takes over.
INSERT INTO edges (id, v) VALUES
  (101, '2019-07-09 02:28:57.123456'),
  (102, '2019-07-09 02:28:57'),
  (103, '2019-07-09 02:28:57.1'),
  (104, '2019-07-09 00:00'),
  (105, '0001-01-01'),
  (106, '9999-12-31 23:59:59.999999'),
  (107, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 2;
UPDATE edges SET v = NULL WHERE id = 102;
