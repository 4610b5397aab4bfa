import { mountPage } from '../shared/shell';
import { LivePage } from './page';

mountPage('live', <LivePage />);
