UPDATE scores SET points = 1 WHERE who IN ('c', 'e');
