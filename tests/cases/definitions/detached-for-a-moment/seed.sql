INSERT INTO visits VALUES (1, 2025, 'a'), (2, 2026, 'b');
