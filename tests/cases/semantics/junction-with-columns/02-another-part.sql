UPDATE roles SET part = 'nurse', actor_id = 2 WHERE part = 'maid';
DELETE FROM roles WHERE part = 'queen';
