INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 'é 𝄞 😀 "q" \ / '),
  (2, E'\x01\t\n\x1f\x7f'),
  (3, ''),
  (4, '{"a":1}'),
  (5, 'null'),
  (6, U&'\FFFF\FFFE\200D'),
  (7, '2024-01-01'),
  (8, '\u0000'),
  (9, NULL);
