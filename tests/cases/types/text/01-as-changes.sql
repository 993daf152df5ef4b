-- The same values again, as changes; then a key that changes, and a value that another row takes over.
INSERT INTO edges (id, v) VALUES
  (101, 'é 𝄞 😀 "q" \ / '),
  (102, E'\x01\t\n\x1f\x7f'),
  (103, ''),
  (104, '{"a":1}'),
  (105, 'null'),
  (106, U&'\FFFF\FFFE\200D'),
  (107, '2024-01-01'),
  (108, '\u0000'),
  (109, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 2;
UPDATE edges SET v = NULL WHERE id = 102;
