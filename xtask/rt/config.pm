# Settings of one Request Tracker for tests. DIRECTORY and PORT are filled in.
Set($rtname, 'rt.test');
Set($Organization, 'rt.test');
Set($CorrespondAddress, 'rt@rt.test');
Set($CommentAddress, 'comments@rt.test');
Set($Timezone, 'UTC');
Set($WebDomain, '127.0.0.1');
Set($WebPort, PORT);
Set($WebPath, '');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, 'DIRECTORY/rt.sqlite');
Set($DatabaseUser, '');
Set($DatabasePassword, '');
# Mail ends in a file.
Set($MailCommand, 'mbox');
Set($LogToSyslog, undef);
Set($LogToSTDERR, undef);
Set($LogToFile, 'info');
Set($LogDir, 'DIRECTORY/log');
Set($LogToFileNamed, 'rt.log');
# The cheapest there is: otherwise each call costs a quarter of a second for its token alone.
Set($BcryptCost, 4);
$RT::VarPath = 'DIRECTORY/var';
$RT::MasonDataDir = 'DIRECTORY/mason';
$RT::MasonSessionDir = 'DIRECTORY/session';
1;
