import { operated, operatedSuite } from "./operated";
import { qxsms } from "./qxsms";

operatedSuite(qxsms("qxsms-operator", "QxSMS with PostgreSQL of CloudNativePG", operated));
