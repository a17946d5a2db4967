import { qxsms } from "./qxsms";
import { liveSuite } from "./suite";

liveSuite(qxsms("qxsms", "QxSMS"));
