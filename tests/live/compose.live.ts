import { compose } from "./compose";
import { liveSuite } from "./suite";

liveSuite(compose);
