INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '{"a": {"b": 1e2}, "é": "\u00e9"}'),
  (2, (repeat('{"a":', 15) || '1' || repeat('}', 15))::jsonb),
  (3, '{"v": 100, "w": [[1, 2], [3]], "d": "2024-01-01"}'),
  (4, '{"v": "abc"}'),
  (5, NULL);
