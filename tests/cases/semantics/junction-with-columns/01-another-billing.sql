UPDATE roles SET billing = 9 WHERE part = 'king';
UPDATE roles SET billing = NULL WHERE part = 'queen';
