import Libsql from 'libsql';

// Holds the write lock of the file until it is told to give it back.
const handle = new Libsql(process.argv[2]);
handle.exec('begin immediate');
process.once('message', () => {
  handle.exec('rollback');
  process.disconnect();
});
process.send('locked');
